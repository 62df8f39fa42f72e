//! Which core threads and processes run on. With two cores, what is measured has the first, and the load the second.

use rustix::thread::{CpuSet, sched_setaffinity};

/// Where to run.
#[derive(Clone, Copy)]
pub enum Core {
    First,
    Second,
    Any,
}

/// Keeps this thread, and processes that it starts, on a core. Where that is not allowed, or there is no such core, the
/// scheduler decides.
pub fn stay_on(core: Core) {
    let mut set = CpuSet::new();
    match core {
        Core::First => set.set(0),
        Core::Second => set.set(1),
        Core::Any => (0..CpuSet::MAX_CPU).for_each(|core| set.set(core)),
    }
    sched_setaffinity(None, &set).ok();
}
