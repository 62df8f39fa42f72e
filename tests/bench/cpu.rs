//! Processor time that processes have used.

use std::fs;

use rustix::param::clock_ticks_per_second;

use crate::support::Redis;

/// Returns user and system time of a process, all its threads together, in seconds; exact to a hundredth of a second.
pub fn of_process(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process runs");
    // The name, in parentheses, may contain anything.
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let times = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = times.map(|field| field.parse::<u64>().expect("a number")).sum();
    ticks as f64 / clock_ticks_per_second() as f64
}

/// Returns the same of a redis-server, which reports it to the microsecond.
pub fn of_redis(redis: &Redis) -> f64 {
    let text = redis.raw().call(&["INFO", "cpu"]).text();
    let field = |name: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(name)).expect("the field");
        found.parse::<f64>().expect("a number")
    };
    field("used_cpu_sys:") + field("used_cpu_user:")
}
