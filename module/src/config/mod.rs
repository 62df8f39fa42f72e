//! The `hallpass.*` settings: [`settings`] is their table, [`values`] what is in force, [`callbacks`] how Redis reads and
//! changes it.

mod callbacks;
mod settings;
mod values;

pub use callbacks::load;
pub use values::Config;
