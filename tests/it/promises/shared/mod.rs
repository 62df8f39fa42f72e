//! One login, many holders: what SHARED is for, and what becomes of the same holders without it.

mod agents;
mod elsewhere;
mod renderer;
