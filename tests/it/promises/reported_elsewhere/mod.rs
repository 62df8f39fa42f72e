//! Defects that users of other systems reported, each as a test; a comment names the report.

use crate::support::*;

mod endings;
mod storage;
mod tokens;
