//! Pausing, unloading the module and stopping the server, with and without pending signatures.

use super::*;

/// Unloads the module.
fn unload(raw: &mut Raw) -> Reply {
    raw.call(&["MODULE", "UNLOAD", "hallpass"])
}

/// Loads the module again.
fn load(redis: &Redis, con: &mut Con) {
    let (module, ring) = (built().module.clone(), redis.path("keyring.json"));
    let [module, ring] = [module, ring].map(|path| path.to_str().unwrap().to_owned());
    con.get::<()>(&["MODULE", "LOADEX", &module, "CONFIG", "hallpass.keyring-file", &ring]);
}

/// Returns the names of redis-server's threads.
fn threads(redis: &Redis) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", redis.pid())).unwrap();
    let name = |task: std::io::Result<fs::DirEntry>| fs::read_to_string(task.ok()?.path().join("comm")).ok();
    tasks.filter_map(name).map(|name| name.trim().to_owned()).collect()
}

#[test]
fn workers_start_with_the_first_slow_signature_and_end_with_the_module() {
    let redis = signing_with("RS256");
    let mut con = redis.connect();
    let has_workers = || threads(&redis).iter().any(|name| name.starts_with("hallpass-sign"));
    assert!(!has_workers());
    let tokens = con.issue("auth:42", &[]).unwrap();
    assert!(has_workers());
    let mut raw = redis.raw();
    for _ in 0..3 {
        assert_eq!(unload(&mut raw).text(), "OK");
        // A thread that was waited for is listed until the kernel has cleared up behind it.
        wait_until("the workers are gone", SOON, || !has_workers());
        load(&redis, &mut con);
        con.issue("auth:43", &[]).unwrap();
    }
    con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
}

#[test]
fn no_other_algorithm_needs_workers() {
    for alg in ["EdDSA", "ES256", "HS256"] {
        let redis = signing_with(alg);
        redis.connect().issue("auth:42", &[]).unwrap();
        assert!(!threads(&redis).iter().any(|name| name.starts_with("hallpass")), "{alg}");
    }
}

#[test]
fn unloading_is_refused_while_clients_wait() {
    let redis = signing_with("RS256");
    let mut con = redis.connect();
    let run_id = con.run_id();
    let sessions = sessions(&mut con);
    let clients = connect_many(&redis);
    let mut control = redis.raw();
    let mut clients = all_at_once(&redis, || {
        let clients = send_refreshes(clients, &sessions);
        control.send(&["MODULE", "UNLOAD", "hallpass"]);
        clients
    });
    let answer = control.reply().text();
    assert!(answer.contains("blocked clients"), "{answer}");
    for (raw, (_, tokens)) in clients.iter_mut().zip(&sessions) {
        assert_eq!(text(&raw.reply(), "session_id"), tokens.session_id);
    }
    assert_eq!(unload(&mut control).text(), "OK");
    load(&redis, &mut con);
    for (key, tokens) in &sessions {
        con.refresh(key, &tokens.refresh, &[]).unwrap();
    }
    assert_eq!(con.run_id(), run_id);
}

#[test]
fn unloading_waits_for_the_jobs_of_clients_that_left() {
    let redis = signing_with("RS256");
    let mut con = redis.connect();
    let sessions = sessions(&mut con);
    let clients = connect_many(&redis);
    all_at_once(&redis, || drop(send_refreshes(clients, &sessions)));
    let mut control = redis.raw();
    wait_until("the module can be unloaded", SOON, || unload(&mut control).text() == "OK");
    load(&redis, &mut con);
    let (key, tokens) = &sessions[0];
    con.refresh(key, &tokens.refresh, &[]).unwrap();
}

#[test]
fn waiting_clients_are_answered_under_client_pause_write() {
    let redis = signing_with("RS256");
    let mut con = redis.connect();
    let run_id = con.run_id();
    let sessions = sessions(&mut con);
    let mut clients = connect_many(&redis);
    let late = clients.split_off(MANY / 2);
    let (early_sessions, late_sessions) = sessions.split_at(MANY / 2);
    let mut control = redis.raw();
    let (mut early, mut late) = all_at_once(&redis, || {
        let early = send_refreshes(clients, early_sessions);
        control.send(&["CLIENT", "PAUSE", "600000", "WRITE"]);
        (early, late)
    });
    assert_eq!(control.reply().text(), "OK");
    late = send_refreshes(late, late_sessions);
    // It is unknown which of the early ones came before the pause; those are answered during it.
    assert!(!early[0].reply().has_error());
    assert_eq!(late[0].reply_within(std::time::Duration::from_millis(300)), None);
    con.get::<()>(&["CLIENT", "UNPAUSE"]);
    for raw in early[1..].iter_mut().chain(&mut late) {
        assert!(!raw.reply().has_error());
    }
    assert_eq!(con.run_id(), run_id, "no assertion failed");
}

#[test]
fn a_server_stops_cleanly_with_signatures_to_be_made() {
    let mut redis = Redis::builder().keyring(Keyring::generated("RS256")).line("appendonly yes").start();
    let mut rounds = sessions(&mut redis.connect());
    for generation in 1..=3 {
        let clients = connect_many(&redis);
        let mut control = redis.raw();
        let _clients = all_at_once(&redis, || {
            let clients = send_refreshes(clients, &rounds);
            control.send(&["SHUTDOWN"]);
            clients
        });
        redis.restart();
        let mut con = redis.connect();
        for (key, tokens) in &mut rounds {
            *tokens = con.refresh(key, &tokens.refresh, &[]).unwrap();
            assert_eq!(tokens.generation(), generation);
        }
    }
}
