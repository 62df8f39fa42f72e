//! The load on Redis: closed-loop connections, each of which sends its next requests after the last ones were answered.
//!
//! One thread serves all connections in turn with blocking reads and writes, two system calls per request or batch:
//! less than Redis needs itself, so that Redis limits the rate. With two cores, Redis has the first and the load the
//! second.

use std::{
    io::{Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    thread,
    time::{Duration, Instant},
};

use crate::{
    cores::{Core, stay_on},
    cpu, resp, stats,
    support::Redis,
};

/// The number of connections.
pub const CONNECTIONS: usize = 16;
/// Pins redis-server to the first core.
pub const FIRST_CORE: &str = "server_cpulist 0";

/// How the connections reach Redis.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Unix,
    Tcp,
}

/// The commands to send.
pub struct Requests {
    /// The commands, encoded.
    pub commands: Vec<Vec<u8>>,
    /// The time for which the commands are repeated; else each is sent once.
    pub again_for: Option<Duration>,
}

/// The result of a load.
#[derive(Clone, Copy)]
pub struct Turn {
    /// Commands per second.
    pub rate: f64,
    /// Median of the time until an answer, in microseconds.
    pub p50: f64,
    /// 99th percentile of it.
    pub p99: f64,
    /// The share of the time (0–1) in which redis-server was busy.
    pub busy: f64,
}

/// One closed loop.
struct Connection<'a> {
    stream: Box<dyn Stream>,
    /// Batches still to be sent.
    batches: Box<dyn Iterator<Item = &'a Batch> + 'a>,
    /// Replies that have not arrived yet.
    awaited: usize,
    sent: Instant,
    input: Vec<u8>,
    filled: usize,
}

/// Commands that are sent together.
struct Batch {
    bytes: Vec<u8>,
    count: usize,
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// The shape of a load.
#[derive(Clone, Copy)]
pub struct Manner {
    pub transport: Transport,
    pub connections: usize,
    /// Commands at a time on each connection.
    pub pipeline: usize,
}

impl Manner {
    /// The fastest.
    pub const IN_BULK: Self = Self { transport: Transport::Unix, connections: CONNECTIONS, pipeline: 16 };
}

/// Puts the load on `redis`.
pub fn run(redis: &Redis, manner: Manner, requests: &Requests) -> Turn {
    thread::scope(|scope| {
        let load = scope.spawn(|| {
            stay_on(Core::Second);
            drive(redis, manner, &batches(&requests.commands, manner.pipeline), requests.again_for)
        });
        load.join().expect("the load runs")
    })
}

fn batches(commands: &[Vec<u8>], pipeline: usize) -> Vec<Batch> {
    commands.chunks(pipeline).map(|batch| Batch { bytes: batch.concat(), count: batch.len() }).collect()
}

fn drive(redis: &Redis, manner: Manner, batches: &[Batch], again_for: Option<Duration>) -> Turn {
    let shares = batches.chunks(batches.len().div_ceil(manner.connections));
    let mut connections: Vec<Connection<'_>> =
        shares.map(|share| Connection::open(redis, manner.transport, share, again_for.is_some())).collect();
    let mut samples = Vec::with_capacity(1 << 16);
    let (busy_before, began) = (cpu::of_redis(redis), Instant::now());
    let is_over = || again_for.is_some_and(|span| began.elapsed() >= span);
    let mut answered = 0;
    connections.iter_mut().for_each(Connection::send);
    while !connections.is_empty() {
        connections.retain_mut(|connection| {
            answered += connection.receive();
            samples.push(connection.sent.elapsed().as_secs_f64() * 1e6);
            if !is_over() {
                connection.send();
            }
            connection.awaited > 0
        });
    }
    let spent = began.elapsed().as_secs_f64();
    Turn {
        rate: answered as f64 / spent,
        p50: stats::quantile(&samples, 0.5),
        p99: stats::quantile(&samples, 0.99),
        busy: (cpu::of_redis(redis) - busy_before) / spent,
    }
}

impl<'a> Connection<'a> {
    fn open(redis: &Redis, transport: Transport, share: &'a [Batch], again: bool) -> Self {
        let batches: Box<dyn Iterator<Item = &Batch>> =
            if again { Box::new(share.iter().cycle()) } else { Box::new(share.iter()) };
        let (stream, input) = (connect(redis, transport), vec![0; 1 << 16]);
        Self { stream, batches, awaited: 0, sent: Instant::now(), input, filled: 0 }
    }

    /// Sends the next batch, if there is one.
    fn send(&mut self) {
        if let Some(batch) = self.batches.next() {
            self.sent = Instant::now();
            self.stream.write_all(&batch.bytes).expect("redis-server reads");
            self.awaited = batch.count;
        }
    }

    /// Reads until all replies have arrived, and returns their number.
    fn receive(&mut self) -> usize {
        let mut count = 0;
        while count < self.awaited {
            let mut at = 0;
            while let Some(len) = resp::reply_len(&self.input[at..self.filled]) {
                (at, count) = (at + len, count + 1);
            }
            self.input.copy_within(at..self.filled, 0);
            self.filled -= at;
            if count < self.awaited {
                self.read();
            }
        }
        self.awaited = 0;
        count
    }

    fn read(&mut self) {
        if self.filled == self.input.len() {
            self.input.resize(2 * self.filled, 0);
        }
        let read = self.stream.read(&mut self.input[self.filled..]).expect("redis-server answers");
        assert!(read > 0, "redis-server closed the connection");
        self.filled += read;
    }
}

fn connect(redis: &Redis, transport: Transport) -> Box<dyn Stream> {
    match transport {
        Transport::Unix => Box::new(UnixStream::connect(redis.socket()).expect("redis-server listens")),
        Transport::Tcp => {
            let stream = TcpStream::connect(("127.0.0.1", redis.port())).expect("redis-server listens");
            stream.set_nodelay(true).expect("a socket option");
            Box::new(stream)
        }
    }
}
