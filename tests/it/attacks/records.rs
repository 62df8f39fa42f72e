//! Records that cannot be read: never a session, never a crash, never lost.

use crate::support::*;

const SID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// Overwrites the field `sid` of `auth:42`.
fn overwrite(con: &mut Con, sid: &str, record: &[u8]) {
    con.run(&[&b"HSET"[..], b"auth:42", sid.as_bytes(), record]).unwrap();
}

/// Values that are not a complete record.
fn unreadable(good: &[u8]) -> Vec<Vec<u8>> {
    let mut values: Vec<Vec<u8>> = (0..good.len()).map(|length| good[..length].to_vec()).collect();
    let mut future = good.to_vec();
    future[1] = 2;
    values.push(future);
    values.extend(
        [
            &b"\xdd\xff\xff\xff\xff"[..],
            b"\xdf\xff\xff\xff\xff",
            b"\xdb\xff\xff\xff\xff",
            b"\xc6\xff\xff\xff\xff",
            b"\xc9\xff\xff\xff\xff",
            b"\xc1",
            b"\x90",
            b"\x80",
            b"\xc0",
            b"plain text",
            b"%n%s",
            b"{}",
            b"\0",
            b"\x97\x01\xc0\xc0\xc0\xc0\xc0\xc0",
            b"\x97\x01\xff\xff\xff\xff\xff\xff",
            b"\x97\xa1x\x01\x01\x01\x01\x01\x01",
        ]
        .map(<[u8]>::to_vec),
    );
    values.push(vec![0x91; 1 << 20]);
    values.push(vec![0xff; 1 << 20]);
    values
}

#[test]
fn an_unreadable_record_is_not_a_session() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &["SID", SID]).unwrap();
    let good = con.records("auth:42").remove(SID).unwrap();
    let run_id = con.run_id();
    for bad in unreadable(&good) {
        let shown = &bad[..bad.len().min(60)];
        overwrite(&mut con, SID, &bad);
        assert_eq!(refused(con.refresh("auth:42", &tokens.refresh, &[])), "NOSESSION", "{shown:?}");
        assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "NOSESSION", "{shown:?}");
        assert_eq!(con.records("auth:42").remove(SID).unwrap(), bad, "kept as it was");
    }
    assert!(con.counter("unreadable_records") > 0);
    overwrite(&mut con, SID, &good);
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    assert_eq!(con.run_id(), run_id);
    let complaints = redis
        .log()
        .lines()
        .filter(|line| line.contains("unreadable") || line.contains("cannot be read"))
        .count();
    assert!(complaints <= 2, "logged at most once a minute: {}", redis.log());
}

#[test]
fn issue_works_beside_unreadable_records_and_does_not_remove_them() {
    let redis = Redis::start();
    let mut con = redis.connect();
    overwrite(&mut con, SID, b"\xc1");
    let tokens = con.issue("auth:42", &["LIMIT", "1"]).unwrap();
    assert_eq!(tokens.evicted, Some(vec![]), "it is no session");
    assert_eq!(con.records("auth:42")[SID], b"\xc1");
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    assert_eq!(refused(con.issue("auth:42", &["SID", SID])), "ERR", "its sid is taken");
}

#[test]
fn a_record_with_any_one_byte_changed_crashes_nothing() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens =
        con.issue("auth:42", &["SID", SID, "CLAIMS", r#"{"a":1}"#, "META", "{}", "CLASS", "x"]).unwrap();
    let good = con.records("auth:42").remove(SID).unwrap();
    let run_id = con.run_id();
    for index in 0..good.len() {
        for value in [0x00, 0x7f, 0x80, 0x9f, 0xc0, 0xc1, 0xcf, 0xd9, 0xdd, 0xdf, 0xff] {
            let mut bad = good.clone();
            bad[index] = value;
            overwrite(&mut con, SID, &bad);
            con.verify("auth:42", &tokens.access, &[]).ok();
            con.refresh("auth:42", &tokens.refresh, &[]).ok();
            con.issue("auth:42", &["LIMIT", "1"]).ok();
            con.get::<i64>(&["DEL", "auth:42"]);
        }
    }
    assert_eq!(con.run_id(), run_id);
}

#[test]
fn elements_that_a_later_release_added_are_kept() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &["SID", SID]).unwrap();
    let good = con.records("auth:42").remove(SID).unwrap();
    assert_eq!(good[0] & 0xf0, 0x90, "a short array");
    let count = good[0] & 0x0f;
    let nils = vec![0xc0; usize::from(17 - count)];
    let extended = [&[0xdc, 0, 19][..], &good[1..], &nils, &[0xa6], b"future", &[0x2a]].concat();
    overwrite(&mut con, SID, &extended);

    con.verify("auth:42", &tokens.access, &[]).unwrap();
    let next = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    assert_eq!(next.generation(), 1);
    assert!(con.records("auth:42")[SID].ends_with(b"\xa6future\x2a"));
    con.refresh("auth:42", &next.refresh, &["META", r#"{"a":1}"#]).unwrap();
    assert!(con.records("auth:42")[SID].ends_with(b"\xa6future\x2a"));
}

#[test]
fn foreign_fields_are_left_alone_by_refresh_and_verify() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let odd = ["", "\0", "%n%s", "name", "not-a-sid", "01890A5D-AC96-774B-BCCE-B302099A8057"];
    for field in odd {
        con.get::<i64>(&["HSET", "auth:42", field, "x"]);
    }
    let mut last = tokens;
    for _ in 0..3 {
        last = con.refresh("auth:42", &last.refresh, &[]).unwrap();
        con.verify("auth:42", &last.access, &[]).unwrap();
    }
    let records = con.records("auth:42");
    assert!(odd.iter().all(|field| records[*field] == b"x"));
}

#[test]
fn claims_with_names_that_a_json_library_keeps_to_itself_are_neither_signed_nor_shown() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let json = r#"{"scope":"admin","x":{"_serde_json::private::RawValue":"not json"}}"#;
    let tokens = con.issue("auth:42", &["SID", SID, "CLAIMS", json, "META", json]).unwrap();
    let mut record = con.records("auth:42").remove(SID).unwrap();
    for index in 0..record.len() {
        if record[index..].starts_with(b"_serde_json") {
            record[index] = b'$';
        }
    }
    overwrite(&mut con, SID, &record);
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    for question in [
        &["AUTH.INSPECT", "auth:42", &tokens.refresh, "WITHCLAIMS"][..],
        &["AUTH.SESSIONS", "auth:42", "WITHCLAIMS"],
    ] {
        let answer = con.get::<String>(&[question, &["FORMAT", "JSON"]].concat());
        assert!(answer.contains(SID), "{answer}");
        assert!(!answer.contains("serde_json") && !answer.contains("admin"), "{answer}");
    }
    let refusal = con.refresh("auth:42", &tokens.refresh, &[]).unwrap_err();
    assert!(refusal.text.contains("stored claims"), "{refusal:?}");
    assert_eq!(con.get::<i64>(&["AUTH.SETCLAIMS", "auth:42", SID, "{}"]), 1);
    con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
}
