//! A connection with calls that wait for their answers.

use std::collections::VecDeque;

use rustix::{event::epoll, fd::OwnedFd};

use super::{
    generator::Request,
    wire::{Socket, Verdict, Wire},
};

/// One connection. It is only read after epoll has said that something has arrived, and what is sent on it until the
/// answers come is less than the kernel takes at once, so that it never blocks.
pub struct Connection {
    index: usize,
    socket: Box<dyn Socket>,
    /// What is to be sent.
    pub output: Vec<u8>,
    input: Vec<u8>,
    filled: usize,
    /// Calls without an answer, in the order in which they were made.
    pub awaiting: VecDeque<Request>,
}

impl Connection {
    /// Opens it, and has `epoll` tell its index when something has arrived.
    pub fn open(wire: &dyn Wire, epoll: &OwnedFd, index: usize) -> Self {
        let socket = open(wire, epoll, index);
        Self { index, socket, output: vec![], input: vec![0; 1 << 14], filled: 0, awaiting: VecDeque::new() }
    }

    /// Sends the output. If the connection was closed, reading will tell.
    pub fn flush(&mut self) {
        self.socket.write_all(&self.output).ok();
        self.output.clear();
    }

    /// Reads what has arrived, and hands on what each complete answer says of its call. A connection that the server
    /// closes is opened again; calls on it have to be made again.
    pub fn receive(&mut self, wire: &dyn Wire, epoll: &OwnedFd, mut take: impl FnMut(Request, Verdict<'_>)) {
        let mut closes = !self.fill();
        let mut at = 0;
        while let Some(answer) = wire.answer(&self.input[at..self.filled]) {
            take(self.awaiting.pop_front().expect("a call for each answer"), answer.verdict);
            at += answer.len;
            closes |= answer.closes;
        }
        self.input.copy_within(at..self.filled, 0);
        self.filled -= at;
        if closes {
            self.awaiting.drain(..).for_each(|request| take(request, Verdict::Again));
            self.socket = open(wire, epoll, self.index);
            self.filled = 0;
        }
    }

    /// Reads once; false if the server has closed the connection.
    fn fill(&mut self) -> bool {
        if self.filled == self.input.len() {
            self.input.resize(2 * self.filled, 0);
        }
        let read = self.socket.read(&mut self.input[self.filled..]).unwrap_or_default();
        self.filled += read;
        read > 0
    }
}

fn open(wire: &dyn Wire, epoll: &OwnedFd, index: usize) -> Box<dyn Socket> {
    let socket = wire.open().expect("the server listens");
    let index = epoll::EventData::new_u64(index as u64);
    epoll::add(epoll, &socket, index, epoll::EventFlags::IN).expect("a socket");
    socket
}
