//! Processor time that processes have used.

use std::fs;

use rustix::param::clock_ticks_per_second;

/// User and system time of a process, all its threads together, in seconds.
pub fn seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process runs");
    // The name, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let times = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = times.map(|field| field.parse::<u64>().expect("a number")).sum();
    ticks as f64 / clock_ticks_per_second() as f64
}
