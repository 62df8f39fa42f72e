//! Random bytes from the operating system, fetched in blocks: a system call per session would cost more than the rest
//! of its id.

use crate::error::Error;
use crate::sync;
use std::sync::Mutex;

const STOCK_BYTES: usize = 512;

struct Stock {
    bytes: [u8; STOCK_BYTES],
    left: usize,
}

static STOCK: Mutex<Stock> = Mutex::new(Stock { bytes: [0; STOCK_BYTES], left: 0 });

/// Returns fresh bytes. No copy of them is kept.
///
/// # Errors
/// [`Error::Internal`] if the system has none, which is not expected.
pub fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut stock = sync::lock(&STOCK);
    if stock.left < N {
        getrandom::fill(&mut stock.bytes).map_err(|_| Error::Internal)?;
        stock.left = STOCK_BYTES;
    }
    let Stock { bytes, left } = &mut *stock;
    let taken = bytes[..*left].last_chunk_mut().ok_or(Error::Internal)?;
    *left -= N;
    Ok(std::mem::replace(taken, [0; N]))
}
