//! What users of other systems report, each as a test of its name. Where it was reported stands beside it.

use crate::support::*;

mod endings;
mod storage;
mod tokens;
