//! Processor time that processes have used.

use std::fs;

/// What all threads of a process have used since they began, in seconds; to the nanosecond, unlike `/proc/<pid>/stat`.
pub fn seconds(pid: u32) -> f64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
    let nanoseconds = |text: String| text.split(' ').next().and_then(|field| field.parse::<u64>().ok());
    // A thread may end meanwhile.
    let used = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("schedstat")).ok());
    used.filter_map(nanoseconds).sum::<u64>() as f64 / 1e9
}
