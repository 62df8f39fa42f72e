//! The keys of issuers: rotation, withdrawal, outages, and issuers that misbehave.

use std::{fs, thread};

use serde_json::json;

use super::*;
use crate::support::outside_issuer::Behaviour;

#[test]
fn a_new_key_is_found_at_once_and_a_withdrawn_one_is_not_trusted_any_more() {
    let trusting = Trusting::with(&json!({}));
    trusting.issuer.caches("max-age=86400");
    assert_eq!(trusting.exchange(&trusting.token("42")).status, 200);
    let next = IssuerKey::new("ES256", "k2");
    trusting.issuer.publish(&[&next]);
    let old = trusting.token("42");
    assert_eq!(trusting.exchange(&next.token(&trusting.issuer.claims("42"))).status, 200);
    let answer = trusting.exchange(&old);
    assert_eq!(answer.error(), (400, "invalid_request".into()));
    assert!(answer.text_of("error_description").contains("no such key"), "{answer:?}");
}

#[test]
fn made_up_key_ids_do_not_make_the_server_ask_again_and_again() {
    let trusting = Trusting::with(&json!({}));
    assert_eq!(trusting.exchange(&trusting.token("42")).status, 200);
    let asked = trusting.issuer.asked();
    for number in 0..50 {
        let header = json!({"alg": "ES256", "kid": format!("made up {number}")});
        let answer = trusting.exchange(&trusting.key.token_with(&header, &trusting.issuer.claims("42")));
        assert_eq!(answer.error(), (400, "invalid_request".into()));
    }
    // At most once in ten seconds; a busy machine may take longer for fifty requests.
    assert!(trusting.issuer.asked() - asked <= 4, "{} times", trusting.issuer.asked() - asked);
    assert_eq!(trusting.exchange(&trusting.token("42")).status, 200);
}

#[test]
fn an_outage_of_the_issuer_keeps_nobody_out_whose_key_is_known() {
    let trusting = Trusting::with(&json!({}));
    assert_eq!(trusting.exchange(&trusting.token("42")).status, 200);
    for behaviour in [Behaviour::Status(500), Behaviour::HangsUp, Behaviour::Garbage] {
        trusting.issuer.behaves(behaviour);
        assert_eq!(trusting.exchange(&trusting.token("42")).status, 200);
        let header = json!({"alg": "ES256", "kid": "new"});
        let token = trusting.key.token_with(&header, &trusting.issuer.claims("42"));
        let unknown = exchange_once(&trusting.server, &token, &[]);
        assert_eq!(unknown.error(), (503, "temporarily_unavailable".into()), "it may be a new key");
        assert!(unknown.has_header("retry-after"));
    }
    // A reload asks for the keys anew, and keeps the old ones meanwhile.
    trusting.server.hang_up();
    wait_until("the file was read again", SOON, || trusting.server.log().contains("issuers"));
    assert_eq!(trusting.exchange(&trusting.token("42")).status, 200);
}

#[test]
fn a_server_that_starts_during_an_outage_recovers_by_itself() {
    let trusting = Trusting::with(&json!({}));
    trusting.issuer.behaves(Behaviour::Status(503));
    let path = trusting.redis.path("issuers.json");
    let server = Server::before(&trusting.redis, &["--issuers-file", path.to_str().unwrap()]);
    let token = trusting.token("42");
    let answer = exchange_once(&server, &token, &[]);
    assert_eq!(answer.error(), (503, "temporarily_unavailable".into()), "nothing is said about the token");
    let lines = |text: &str| server.log().matches(text).count();
    wait_until("it is logged", SOON, || lines("the issuer's keys cannot be fetched") == 1);
    trusting.issuer.behaves(Behaviour::Keys);
    assert_eq!(exchange(&server, &token, &[]).status, 200, "the token is good after all");
    wait_until("that is logged, too", SOON, || lines("the issuer's keys can be fetched again") == 1);
    assert_eq!(lines("the issuer's keys cannot be fetched"), 1, "once for an outage");
}

#[test]
fn an_issuer_that_misbehaves_costs_the_others_nothing() {
    let good_key = IssuerKey::new("ES256", "k");
    let good = OutsideIssuer::with(&[&good_key]);
    let behaviours = [
        Behaviour::Hangs,
        Behaviour::HangsUp,
        Behaviour::Status(500),
        Behaviour::RedirectsTo(good.jwks_uri()),
        Behaviour::Garbage,
        Behaviour::Gigabyte,
    ];
    let bad: Vec<OutsideIssuer> = behaviours.iter().map(|_| OutsideIssuer::with(&[&good_key])).collect();
    let mut file = vec![entry(&good, &json!({"subject": "good:{sub}"}))];
    for (index, (issuer, behaviour)) in bad.iter().zip(behaviours).enumerate() {
        issuer.behaves(behaviour);
        file.push(entry(issuer, &json!({"subject": format!("bad{index}:{{sub}}")})));
    }
    // A name that resolves to a private address, found by discovery, would be asked over TLS, which nobody speaks there.
    let redis = redis();
    let server = serve(&redis, &json!(file), &[]);
    let asked = good.asked();
    thread::scope(|scope| {
        for issuer in &bad {
            for _ in 0..4 {
                scope.spawn(|| {
                    let answer = exchange_once(&server, &good_key.token(&issuer.claims("42")), &[]);
                    assert_eq!(answer.error(), (503, "temporarily_unavailable".into()));
                });
            }
        }
        for _ in 0..20 {
            assert_eq!(exchange(&server, &good_key.token(&good.claims("42")), &[]).status, 200);
            assert_eq!(server.get("/healthz").status, 200);
        }
    });
    assert!(good.asked() - asked <= 1, "a redirect to it was not followed");
    let memory = resident_megabytes(server.process_id());
    assert!(memory < 300, "{memory} MB");
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

/// The memory of a process, in megabytes.
fn resident_megabytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
}
