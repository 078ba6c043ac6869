//! Replies parsed into a tree.
