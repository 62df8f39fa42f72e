//! A network between the server and Redis that can be cut: it forwards TCP connections, or holds back one direction or
//! both, like a firewall that drops packets.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
};

/// The part of the traffic that passes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Passing {
    /// Everything.
    All,
    /// Requests of the server, but no answers.
    Requests,
    /// Nothing.
    Nothing,
}

/// The network to one TCP port. Its threads end with the connections, and the last with the test program.
pub struct Network {
    port: u16,
    line: Arc<Line>,
}

/// The state that all connections share.
struct Line {
    passing: Mutex<Passing>,
    changed: Condvar,
}

impl Network {
    /// Creates a network to `port` on which everything passes.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let line = Arc::new(Line { passing: Mutex::new(Passing::All), changed: Condvar::new() });
        let network = Self { port: listener.local_addr().expect("an address").port(), line: line.clone() };
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                // A server that is down looks like one that closes the connection.
                if let Ok(far) = TcpStream::connect(("127.0.0.1", port)) {
                    forward(&line, &near, &far, Passing::Requests);
                    forward(&line, &far, &near, Passing::All);
                }
            }
        });
        network
    }

    /// Returns the port at this end.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets this pass from now on; held-back traffic goes first.
    pub fn let_pass(&self, passing: Passing) {
        *self.line.passing.lock().expect("nobody panicked") = passing;
        self.line.changed.notify_all();
    }
}

/// Forwards from one end to the other, in the background, while at least `needed` passes.
fn forward(line: &Arc<Line>, from: &TcpStream, to: &TcpStream, needed: Passing) {
    let (line, mut from, mut to) =
        (line.clone(), from.try_clone().expect("a handle"), to.try_clone().expect("a handle"));
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            line.wait_for(needed);
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        to.shutdown(Shutdown::Both).ok();
        from.shutdown(Shutdown::Both).ok();
    });
}

impl Line {
    fn wait_for(&self, needed: Passing) {
        let is_held = |passing: &mut Passing| *passing != Passing::All && *passing != needed;
        let passing = self.passing.lock().expect("nobody panicked");
        drop(self.changed.wait_while(passing, is_held).expect("nobody panicked"));
    }
}
