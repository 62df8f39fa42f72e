//! A guard that ends a load when the test ends, in whatever way.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// Sets the flag when it is dropped.
pub struct OnDrop<'a>(pub &'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}
