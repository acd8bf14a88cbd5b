//! How results look: JSON, templates, tables, times and sizes for people.

pub(crate) mod json;
