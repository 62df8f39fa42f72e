//! The open loop: one thread that sends each call when it is due, whatever became of those before, and measures from
//! that moment. If the other side falls behind, calls wait here, and their waiting counts (no coordinated omission).

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    iter::Peekable,
    time::Duration,
};

use rustix::{
    buffer::spare_capacity,
    event::{PollFd, PollFlags, Timespec, epoll, poll},
    fd::OwnedFd,
};

use super::{
    connection::Connection,
    log::Log,
    population::Population,
    traffic::{Arrival, Call, scattered},
    wire::{Verdict, Wire},
};
use crate::support::SOON;

/// The time for which a client that was told 503 waits until it asks again: Retry-After, to which it adds up to another
/// second, so that not all come at once.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// A call that is due or sent.
#[derive(Clone, Copy)]
pub struct Request {
    due: Duration,
    call: Call,
}

/// Calls that are not sent yet.
struct Queue<I: Iterator<Item = Arrival>> {
    upcoming: Peekable<I>,
    /// Calls that were told 503, by the time of their next attempt.
    again: BinaryHeap<Reverse<(Duration, Duration, Call)>>,
    /// The number of those so far.
    put_back: u64,
    /// Calls that are due, and wait for a connection.
    waiting: VecDeque<Request>,
}

/// The connections, and what became of the calls.
struct Generator<'a> {
    wire: &'a dyn Wire,
    population: &'a mut Population,
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    connections: Vec<Connection>,
    /// The connections that take more calls, by index.
    free: VecDeque<usize>,
    in_flight: usize,
    log: Log,
}

/// Makes the calls, and returns what became of them when all have succeeded or were refused.
pub fn run(wire: &dyn Wire, population: &mut Population, arrivals: impl Iterator<Item = Arrival>) -> Log {
    let mut queue = Queue {
        upcoming: arrivals.peekable(),
        again: BinaryHeap::new(),
        put_back: 0,
        waiting: VecDeque::new(),
    };
    let mut generator = Generator::connect(wire, population);
    let mut last_event = Duration::ZERO;
    while !queue.is_empty() || generator.in_flight > 0 {
        let now = generator.log.began.elapsed();
        queue.take_due(now);
        generator.send(&mut queue.waiting);
        if generator.receive(&mut queue, now) {
            last_event = now;
        }
        assert!(now < last_event + SOON || generator.in_flight == 0, "no answer for {SOON:?}");
    }
    generator.log
}

impl<I: Iterator<Item = Arrival>> Queue<I> {
    fn is_empty(&mut self) -> bool {
        self.waiting.is_empty() && self.next_due().is_none()
    }

    /// Returns when the next call is due.
    fn next_due(&mut self) -> Option<Duration> {
        let again = self.again.peek().map(|Reverse((at, ..))| *at);
        self.upcoming.peek().map(|(due, _)| *due).into_iter().chain(again).min()
    }

    fn take_due(&mut self, now: Duration) {
        while let Some((due, call)) = self.upcoming.next_if(|(due, _)| *due <= now) {
            self.waiting.push_back(Request { due, call });
        }
        while self.again.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
            let next = self.again.pop().map(|Reverse((_, due, call))| Request { due, call });
            self.waiting.extend(next);
        }
    }

    /// Has a client ask again.
    fn put_back(&mut self, request: Request, now: Duration) {
        self.put_back += 1;
        let moment = Duration::from_micros(scattered(self.put_back, 1_000_000).into());
        self.again.push(Reverse((now + AGAIN_AFTER + moment, request.due, request.call)));
    }
}

impl<'a> Generator<'a> {
    fn connect(wire: &'a dyn Wire, population: &'a mut Population) -> Self {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("an epoll object");
        let (count, _) = wire.shape();
        let open = |index| Connection::open(wire, &epoll, index);
        let connections: Vec<Connection> = (0..count).map(open).collect();
        let (events, free) = (Vec::with_capacity(count), (0..count).collect());
        let log = Log::begin();
        Self { wire, population, epoll, events, connections, free, in_flight: 0, log }
    }

    /// Sends the calls that are due, as far as connections are free.
    fn send(&mut self, waiting: &mut VecDeque<Request>) {
        let (_, depth) = self.wire.shape();
        let mut touched = vec![];
        while let Some(&index) = self.free.front().filter(|_| !waiting.is_empty()) {
            let Some(request) = waiting.pop_front() else { break };
            let connection = &mut self.connections[index];
            self.wire.write(request.call, self.population, &mut connection.output);
            connection.awaiting.push_back(request);
            self.in_flight += 1;
            self.free.pop_front();
            if connection.awaiting.len() < depth {
                self.free.push_back(index);
            }
            touched.push(index);
        }
        for index in touched {
            self.connections[index].flush();
        }
    }

    /// Waits until something happens or the next call is due, and takes in answers. Returns whether there was anything.
    fn receive<I: Iterator<Item = Arrival>>(&mut self, queue: &mut Queue<I>, now: Duration) -> bool {
        let next = queue.next_due().map_or(Duration::from_secs(1), |due| due.saturating_sub(now));
        let next = Timespec::try_from(next.min(Duration::from_secs(1))).expect("a short time");
        // An epoll object that is polled has an exact timeout on every kernel.
        let happened = poll(&mut [PollFd::new(&self.epoll, PollFlags::IN)], Some(&next)).unwrap_or_default();
        if happened == 0 {
            return false;
        }
        self.events.clear();
        epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&Timespec::default()))
            .expect("events");
        for place in 0..self.events.len() {
            let index = usize::try_from(self.events[place].data.u64()).expect("an index");
            self.serve(index, queue);
        }
        true
    }

    /// Takes in the answers that have arrived on a connection.
    fn serve<I: Iterator<Item = Arrival>>(&mut self, index: usize, queue: &mut Queue<I>) {
        let connection = &mut self.connections[index];
        let before = connection.awaiting.len();
        connection.receive(self.wire, &self.epoll, |request, verdict| {
            let now = self.log.began.elapsed();
            match verdict {
                Verdict::Done(body) => {
                    self.log.answered.push((request.due.as_secs_f64(), now.as_secs_f64()));
                    self.population.learn(request.call, body);
                }
                Verdict::Again => {
                    self.log.unavailable.push(now.as_secs_f64());
                    queue.put_back(request, now);
                }
                Verdict::Refused(line) => *self.log.refused.entry(line.to_owned()).or_default() += 1,
            }
        });
        let (left, depth) = (connection.awaiting.len(), self.wire.shape().1);
        self.in_flight -= before - left;
        if before == depth && left < depth {
            self.free.push_back(index);
        }
    }
}
