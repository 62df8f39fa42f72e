//! A guard that ends a load when the test ends, even by a panic.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// Sets the flag on drop.
pub struct OnDrop<'a>(pub &'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}
