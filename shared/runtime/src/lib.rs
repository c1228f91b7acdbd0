//! What every function shares at run time: configuration, telemetry, the ports to the outside, the SQS batch runner,
//! HTTP requests and problems, and the procedures that several functions perform: following up a commit, finding a rep,
//! erasing.

pub mod assignment;
pub mod audit;
pub mod aws;
pub mod batch;
pub mod by_hand;
pub mod config;
pub mod embedded;
pub mod erasure;
pub mod fail_point;
pub mod follow_up;
pub mod guard;
pub mod http;
pub mod ports;
mod relations;
pub mod room;
pub mod route_record;
pub mod shelf;
pub mod telemetry;

pub use leadline_edge::wake;
