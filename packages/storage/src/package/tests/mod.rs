//! Packages that are what they should be, and packages that are not.

mod corpus;
