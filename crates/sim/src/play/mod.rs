//! What people do with their twins, and what must be so whatever happens meanwhile. One module for each capability.

pub mod deals;
