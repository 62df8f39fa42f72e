//! `hallpass-server`: the HTTP front of Hallpass.
fn main() {}
