//! Limits what one address may hold at the same time: connections, and requests whose bodies have not arrived. Without
//! this, one address could hold all of them.

use super::source::Source;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The number that each address holds.
#[derive(Clone, Default)]
pub struct Shares(Arc<Mutex<HashMap<Source, usize>>>);

/// One that an address holds, until this is dropped.
pub struct Share {
    shares: Shares,
    source: Source,
}

impl Shares {
    /// Lets an address hold one more, unless it holds `limit` of them already.
    pub fn take(&self, source: Source, limit: usize) -> Option<Share> {
        let mut held = self.held();
        let count = held.get(&source).copied().unwrap_or_default();
        if count >= limit {
            return None;
        }
        held.insert(source, count + 1);
        Some(Share { shares: self.clone(), source })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Source, usize>> {
        // Each update changes one number, so a panic cannot leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.shares.held();
        match held.get_mut(&self.source) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(held.remove(&self.source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn an_address_holds_its_share_and_leaves_the_others_theirs() {
        let shares = Shares::default();
        let source = |number| Source::of(Ipv4Addr::from_bits(number).into());
        let first = [shares.take(source(1), 2), shares.take(source(1), 2)];
        assert!(first.iter().all(Option::is_some) && shares.take(source(1), 2).is_none());
        let other = shares.take(source(2), 2);
        assert!(other.is_some());
        drop(first);
        assert!(shares.take(source(1), 1).is_some());
        drop(other);
        assert!(shares.held().is_empty(), "nothing is kept about who holds nothing");
    }
}
