//! How results look: JSON, templates, tables, times and sizes for people.

mod adapt;
pub(crate) mod go;
pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod table;
pub(crate) mod template;
pub(crate) mod visible;
