//! Notifications: who is told what, in which words.

mod channels;
mod words;

pub use channels::{Acknowledgement, Audience, ChannelRules, Notifications, Target, channels_for};
pub use words::{Message, OfferLinks, message};

#[cfg(test)]
mod tests;
