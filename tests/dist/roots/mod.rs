//! The packages on bare systems, used as docs/install.md and the README's tours say. Needs root.

mod debian;
pub mod documents;
pub mod root;
mod tarball;
