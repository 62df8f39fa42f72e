//! Agents and command-line tools share one credential between processes, each of which reads it when it starts.

use std::time::Duration;

use crate::support::{clock::Clocked, *};

const MINUTE: u64 = 60;

/// A process, with the credential that it read.
struct Process {
    token: String,
}

impl Process {
    fn start(credential: &str) -> Self {
        Self { token: credential.to_owned() }
    }

    /// Gets an access token and uses it.
    fn work(&mut self, con: &mut Con) -> Answer<()> {
        let tokens = con.refresh("auth:42", &self.token, &[])?;
        con.verify("auth:42", &tokens.access, &[])?;
        self.token = tokens.refresh;
        Ok(())
    }
}

/// Five processes work twenty minutes after the login, and a sixth, which read the same credential, eight minutes later.
fn five_processes_and_a_sixth(clocked: &Clocked, options: &[&str]) -> Vec<Answer<()>> {
    let mut con = clocked.redis.connect();
    let credential = con.issue("auth:42", options).unwrap().refresh;
    let mut processes: Vec<_> = (0..6).map(|_| Process::start(&credential)).collect();
    clocked.forward(Duration::from_secs(20 * MINUTE));
    let mut answers: Vec<_> = processes[..5].iter_mut().map(|process| process.work(&mut con)).collect();
    clocked.forward(Duration::from_secs(28 * MINUTE));
    answers.push(processes[5].work(&mut con));
    clocked.forward(Duration::from_secs(40 * MINUTE));
    answers.extend(processes.iter_mut().map(|process| process.work(&mut con)));
    answers
}

#[test]
fn five_processes_and_a_sixth_that_comes_eight_minutes_later_stay_logged_in() {
    let clocked = Clocked::with(&[]);
    let answers = five_processes_and_a_sixth(&clocked, &["SHARED", "1"]);
    assert!(answers.iter().all(Answer::is_ok), "{answers:?}");
    let mut con = clocked.redis.connect();
    assert_eq!(con.counter("reused"), 0);
    assert!(con.counter("shared") >= 5);
}

#[test]
fn without_shared_the_sixth_is_taken_for_a_thief() {
    for options in [&[][..], &["SHARED", "0"]] {
        let clocked = Clocked::with(&["hallpass.race-window 60"]);
        let answers = five_processes_and_a_sixth(&clocked, options);
        assert!(answers[..5].iter().all(Answer::is_ok), "inside the race window: {answers:?}");
        assert_eq!(refused(answers[5].clone()), "REUSEDTOKEN");
        assert!(answers[6..].iter().all(Answer::is_err), "all of them are logged out");
    }
}

/// Commands that start every few minutes for four hours, run for up to ten, read the credential as they start, and write
/// what they got last as they end, over whatever was written meanwhile.
fn a_morning(clocked: &Clocked, options: &[&str]) -> Vec<Answer<()>> {
    let mut con = clocked.redis.connect();
    let mut credential = con.issue("auth:42", options).unwrap().refresh;
    let mut running: Vec<(u64, Process)> = vec![];
    let mut answers = vec![];
    for minute in 0..240 {
        clocked.forward(Duration::from_secs((minute + 1) * MINUTE));
        if minute % 3 == 0 || minute % 7 == 0 {
            running.push((minute + 1 + minute * 5 % 10, Process::start(&credential)));
        }
        answers.extend(running.iter_mut().map(|(_, process)| process.work(&mut con)));
        let (ended, others): (Vec<_>, Vec<_>) = running.into_iter().partition(|(end, _)| *end <= minute);
        running = others;
        if let Some((_, process)) = ended.into_iter().next_back() {
            credential = process.token;
        }
    }
    answers
}

#[test]
fn a_mornings_worth_of_commands_that_start_and_end_stay_logged_in() {
    let clocked = Clocked::with(&["hallpass.shared 3"]);
    let answers = a_morning(&clocked, &[]);
    let wrong: Vec<_> = answers.iter().filter(|answer| answer.is_err()).collect();
    assert!(answers.len() > 300 && wrong.is_empty(), "{} of {}: {wrong:?}", wrong.len(), answers.len());
    let mut con = clocked.redis.connect();
    assert_eq!(con.counter("reused"), 0);
    assert!(con.counter("refreshed") > 10, "the tokens rotate all the same");
}

#[test]
fn without_shared_the_morning_ends_early() {
    let clocked = Clocked::with(&[]);
    let answers = a_morning(&clocked, &[]);
    let first = answers.iter().position(Answer::is_err).expect("somebody is logged out");
    assert_eq!(refused(answers[first].clone()), "REUSEDTOKEN");
}

#[test]
fn a_holder_further_behind_than_shared_ends_the_session() {
    let clocked = Clocked::with(&[]);
    let mut con = clocked.redis.connect();
    let first = con.issue("auth:42", &["SHARED", "2"]).unwrap().refresh;
    let mut owner = Process::start(&first);
    for round in 1..=3 {
        clocked.forward(Duration::from_secs(round * 10 * MINUTE));
        owner.work(&mut con).unwrap();
    }
    assert_eq!(refused(con.refresh("auth:42", &first, &[])), "REUSEDTOKEN", "three generations behind");
    assert_eq!(refused(owner.work(&mut con)), "NOSESSION");
}

#[test]
fn however_busy_the_holders_are_a_generation_lasts_half_an_access_token() {
    let clocked = Clocked::with(&[]);
    let mut con = clocked.redis.connect();
    let first = con.issue("auth:42", &["SHARED", "3"]).unwrap();
    let mut busy = Process::start(&first.refresh);
    for second in (0..).step_by(30).take_while(|second| *second < 3 * 450) {
        clocked.forward(Duration::from_secs(second));
        busy.work(&mut con).unwrap();
    }
    con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(con.counter("refreshed"), 2);
}
