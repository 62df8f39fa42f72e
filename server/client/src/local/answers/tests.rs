//! The rules, one by one.

use super::*;

const TOKEN: Question = Question::number(1);
const OTHER: Question = Question::number(2);
const ANN: Subject = 1;
const BOB: Subject = 2;
/// The server's clock, in seconds since 1970, when the machine was started.
const STARTED: u64 = 1_700_000_000;

fn at(ms: u64) -> Moment {
    Moment::after_start(Duration::from_millis(ms))
}

fn beat_at(ms: u64) -> Beat {
    let standing = Standing { is_primary: true, verify_epoch: 7, slots: 0 };
    Beat { sent: at(ms), clock: nanoseconds(STARTED), standing, is_serving: true }
}

/// A connection that was made at the start, with room for four answers.
fn connected(stale: Duration) -> Answers<char> {
    let mut answers = Answers::new(stale, 8);
    answers.connected(1, beat_at(0));
    answers.resize(4 * OVERHEAD);
    answers
}

impl Answers<char> {
    /// Asks about a subject and keeps the answer at once.
    fn learn(&mut self, subject: Subject, question: Question, ms: u64) {
        let ticket = self.ask(subject, at(ms)).expect("a connection");
        self.keep(ticket, question, STARTED + 900, 'a', 0);
    }

    fn knows(&self, question: Question, ms: u64) -> bool {
        self.get(&question, at(ms)).is_some()
    }

    /// Answers heartbeats, each at once, up to a moment.
    fn live_until(&mut self, ms: u64) {
        self.beat(1, beat_at(ms));
    }
}

#[test]
fn an_answer_is_kept_until_its_subject_changes() {
    let mut answers = connected(Duration::ZERO);
    answers.learn(ANN, TOKEN, 10);
    answers.learn(BOB, OTHER, 10);
    answers.changed(ANN);
    assert!(!answers.knows(TOKEN, 20) && answers.knows(OTHER, 20));
    assert_eq!(answers.size(), (1, OVERHEAD));
}

#[test]
fn an_answer_is_not_kept_if_its_subject_changed_after_the_question() {
    let mut answers = connected(Duration::ZERO);
    let ticket = answers.ask(ANN, at(10)).expect("a connection");
    answers.changed(ANN);
    answers.keep(ticket, TOKEN, STARTED + 900, 'a', 0);
    assert!(!answers.knows(TOKEN, 20));
    let ticket = answers.ask(ANN, at(30)).expect("a connection");
    answers.changed(BOB);
    answers.keep(ticket, TOKEN, STARTED + 900, 'a', 0);
    assert!(answers.knows(TOKEN, 40), "another subject");
}

#[test]
fn what_makes_every_answer_void_empties_the_store_and_voids_questions() {
    let new_standing = |change: fn(&mut Standing)| {
        let mut beat = beat_at(20);
        change(&mut beat.standing);
        beat
    };
    let epoch = new_standing(|standing| standing.verify_epoch += 1);
    let slots = new_standing(|standing| standing.slots += 1);
    let role = new_standing(|standing| standing.is_primary = false);
    let voids_all = |what: &str, event: &dyn Fn(&mut Answers<char>)| {
        let mut answers = connected(Duration::ZERO);
        answers.learn(ANN, TOKEN, 10);
        let ticket = answers.ask(BOB, at(10)).expect("a connection");
        event(&mut answers);
        answers.keep(ticket, OTHER, STARTED + 900, 'a', 0);
        assert_eq!(answers.size(), (0, 0), "{what}");
    };
    voids_all("a push that means all", &|answers| answers.flush());
    voids_all("a lost connection", &|answers| answers.lost(1));
    voids_all("a new connection", &|answers| answers.connected(2, beat_at(20)));
    voids_all("a new epoch", &|answers| answers.beat(1, epoch));
    voids_all("new slots", &|answers| answers.beat(1, slots));
    voids_all("a new role", &|answers| answers.beat(1, role));
}

#[test]
fn an_answer_holds_for_a_minute_and_while_heartbeats_are_answered() {
    let mut answers = connected(Duration::ZERO);
    answers.learn(ANN, TOKEN, 0);
    assert!(answers.knows(TOKEN, 999) && !answers.knows(TOKEN, 1000));
    answers.live_until(1000);
    assert!(answers.knows(TOKEN, 1999));
    answers.live_until(59_900);
    assert!(answers.knows(TOKEN, 59_999) && !answers.knows(TOKEN, 60_000));
    answers.live_until(60_000);
    assert_eq!(answers.size(), (0, 0), "and is dropped by the next heartbeat");
}

#[test]
fn an_answer_does_not_hold_beyond_its_expiry_by_the_clock_of_the_server() {
    let mut answers = connected(Duration::ZERO);
    let ticket = answers.ask(ANN, at(0)).expect("a connection");
    answers.keep(ticket, TOKEN, STARTED + 5, 'a', 0);
    answers.live_until(4900);
    assert!(answers.knows(TOKEN, 4999) && !answers.knows(TOKEN, 5000));
    let fast = Beat { clock: nanoseconds(STARTED + 3), ..beat_at(4901) };
    answers.beat(1, fast);
    assert!(!answers.knows(TOKEN, 4950), "the server's clock was put forward");
    answers.keep(ticket, OTHER, u64::MAX, 'a', 0);
    assert!(answers.knows(OTHER, 4950), "centuries from now");
}

#[test]
fn only_a_serving_primary_is_believed() {
    let mut answers = connected(Duration::ZERO);
    answers.learn(ANN, TOKEN, 0);
    answers.beat(1, Beat { is_serving: false, ..beat_at(10) });
    assert!(!answers.knows(TOKEN, 20) && answers.ask(ANN, at(20)).is_none());
    answers.beat(1, beat_at(30));
    assert!(answers.knows(TOKEN, 40), "it heard of every change meanwhile");
    let replica = Standing { is_primary: false, ..beat_at(50).standing };
    answers.beat(1, Beat { standing: replica, ..beat_at(50) });
    assert!(answers.ask(ANN, at(60)).is_none());
}

#[test]
fn a_lost_connection_is_not_heard_any_more() {
    let mut answers = connected(Duration::ZERO);
    answers.connected(2, beat_at(10));
    answers.learn(ANN, TOKEN, 10);
    answers.lost(1);
    assert!(answers.knows(TOKEN, 20), "that was another one");
    answers.lost(2);
    answers.beat(2, beat_at(30));
    assert!(answers.ask(ANN, at(40)).is_none(), "a heartbeat that was answered before");
}

#[test]
fn what_was_answered_passes_as_stale_for_a_while_unless_it_was_heard_to_be_void() {
    let mut answers = connected(Duration::from_secs(90));
    answers.learn(ANN, TOKEN, 0);
    answers.learn(BOB, OTHER, 0);
    answers.live_until(70_000);
    answers.lost(1);
    assert!(!answers.knows(TOKEN, 70_000) && answers.ask(ANN, at(70_000)).is_none());
    let passes = |answers: &Answers<char>, ms| answers.get_stale(&TOKEN, at(ms)).is_some();
    assert!(passes(&answers, 89_999) && !passes(&answers, 90_000));
    answers.changed(ANN);
    assert!(!passes(&answers, 80_000) && answers.get_stale(&OTHER, at(80_000)).is_some());
    answers.connected(2, beat_at(80_000));
    assert_eq!(answers.size(), (0, 0), "a new connection begins with nothing");
}

#[test]
fn nothing_stale_passes_its_expiry_or_at_all_by_default() {
    let mut answers = connected(Duration::from_secs(90));
    let ticket = answers.ask(ANN, at(0)).expect("a connection");
    answers.keep(ticket, TOKEN, STARTED + 5, 'a', 0);
    answers.lost(1);
    assert!(answers.get_stale(&TOKEN, at(4999)).is_some() && answers.get_stale(&TOKEN, at(5000)).is_none());
    let mut answers = connected(Duration::ZERO);
    answers.learn(ANN, TOKEN, 0);
    assert!(answers.get_stale(&TOKEN, at(0)).is_none());
}

#[test]
fn the_oldest_answers_make_room() {
    let mut answers = connected(Duration::ZERO);
    for number in 0..6 {
        answers.learn(ANN, Question::number(number), 10);
    }
    assert_eq!(answers.size(), (4, 4 * OVERHEAD));
    assert!(!answers.knows(Question::number(1), 20) && answers.knows(Question::number(2), 20));
    answers.learn(ANN, Question::number(2), 20);
    answers.resize(OVERHEAD);
    assert!(answers.knows(Question::number(2), 20), "it was asked about again");
    let ticket = answers.ask(ANN, at(30)).expect("a connection");
    answers.keep(ticket, TOKEN, STARTED + 900, 'a', 1);
    assert_eq!(answers.size(), (1, OVERHEAD), "one that is too large is not kept, and takes no room");
}

#[test]
fn a_refused_token_is_forgotten() {
    let mut answers = connected(Duration::ZERO);
    answers.learn(ANN, TOKEN, 10);
    answers.forget(&TOKEN);
    answers.forget(&OTHER);
    assert_eq!((answers.knows(TOKEN, 20), answers.size()), (false, (0, 0)));
}
