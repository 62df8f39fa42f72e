//! The end of a load: it comes when the test ends, however that does.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// Says so when it goes.
pub struct Over<'a>(pub &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}
