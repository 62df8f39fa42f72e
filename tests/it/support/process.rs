//! Child processes that end with their guard.

use std::{
    process::{Child, ExitStatus},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// A child process that is ended, and waited for, on drop.
pub struct Process(Child);

impl Process {
    /// Guards `child`.
    pub fn new(child: Child) -> Self {
        Self(child)
    }

    /// Returns the process id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Returns whether the child still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Returns the exit status, if the child ends within `deadline`.
    pub fn exit_within(&mut self, deadline: Duration) -> Option<ExitStatus> {
        let started = Instant::now();
        loop {
            if let Ok(Some(status)) = self.0.try_wait() {
                return Some(status);
            }
            if started.elapsed() >= deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends `signal` to the child.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.0);
        kill_process(pid, signal).expect("the child is ours");
    }

    /// Asks the child to stop and waits for it. If it does not stop, kills it and returns `None`.
    pub fn terminate(&mut self, patience: Duration) -> Option<ExitStatus> {
        if !self.is_running() {
            return self.0.wait().ok();
        }
        self.signal(Signal::TERM);
        let status = self.exit_within(patience);
        if status.is_none() {
            self.kill();
        }
        status
    }

    /// Kills the child and waits until it is gone.
    pub fn kill(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }

    /// Returns the child itself, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns whether a process with this id exists.
pub fn exists(pid: u32) -> bool {
    std::path::Path::new(&format!("/proc/{pid}")).exists()
}
