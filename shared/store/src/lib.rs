//! The table: its port, its DynamoDB adapter, its in-memory twin, and what Leadline keeps in it.

pub mod access;
pub mod audit;
pub mod claims;
pub mod companies;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod deliveries;
pub mod due;
mod dynamo;
pub mod erasures;
pub mod leads;
pub mod limits;
pub mod people;
pub mod playbooks;
pub mod records;
pub mod rows;
pub mod submissions;
mod table;
mod twin;
pub mod whole;

pub use dynamo::DynamoTable;
pub use leads::{CommitError, ReadError};
pub use table::{
    AttributeValue, Condition, Consistency, Cursor, EXPIRES_AT, Index, Item, Key, PK, Page, Query, Range, SK,
    Source, Table, TableError, Write,
};
pub use twin::{Calls, Twin, Units};
