//! Why the twin refuses a request, as DynamoDB would with a validation error. Never carries a value of an item.

/// The kinds of mistake a request can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("an item without its string keys")]
    KeyMissing,
    #[error("a key attribute is an empty string")]
    EmptyKey,
    #[error("a key attribute is longer than 2048 bytes (partition) or 1024 bytes (sort)")]
    KeyTooLong,
    #[error("attribute {0} is the key of an index and must be a non-empty string within the key limits")]
    IndexKey(&'static str),
    #[error("an attribute has an empty name or one above 65535 bytes")]
    AttributeName,
    #[error("the item is larger than 400 KB")]
    ItemTooLarge,
    #[error("values are nested deeper than 32 levels")]
    TooDeep,
    #[error("a number attribute does not hold a number")]
    NotANumber,
    #[error("a number is outside 1E-130 to 9.99E+125")]
    NumberOutOfRange,
    #[error("a number has more than 38 significant digits")]
    TooManyDigits,
    #[error("a null attribute must be true")]
    FalseNull,
    #[error("a set is empty")]
    EmptySet,
    #[error("a set holds a member twice")]
    SetMemberTwice,
    #[error("a transaction holds 1 to 100 writes")]
    TransactionLength,
    #[error("a transaction names an item twice")]
    ItemTwice,
    #[error("a transaction is larger than 4 MB")]
    TransactionTooLarge,
    #[error("a check stands only inside a transaction")]
    LoneCheck,
    #[error("a query asks for at least one item")]
    Limit,
    #[error("a bound of a query is empty")]
    EmptyBound,
    #[error("the lower bound of a query is above the upper one")]
    BoundsReversed,
    #[error("the cursor does not belong to this query")]
    Cursor,
    #[error("attribute {0} cannot count")]
    NotACounter(&'static str),
    #[error("the counter would leave the range of whole numbers")]
    CounterRange,
}

impl From<Refusal> for crate::TableError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}
