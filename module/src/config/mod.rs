//! The `hallpass.*` settings: [`settings`] is their table, [`values`] has the values in force, and [`callbacks`] lets
//! Redis read and change them.

mod callbacks;
mod settings;
mod values;

pub use callbacks::load;
pub use values::Config;
