//! Redis's packed encodings, byte for byte: listpack and intset (read and written), ziplist and
//! zipmap (read).
//!
//! They are both the in-memory form of small collections and what an RDB file holds, so saving and
//! loading a small collection is a copy.
