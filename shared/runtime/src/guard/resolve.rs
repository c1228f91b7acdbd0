//! Name lookup under guard. The HTTP client connects to the very addresses that are given out here, so a name that
//! resolves to a public address now and to a private one in a moment gains nothing.

use std::net::{IpAddr, SocketAddr};

use leadline_core::target::{LOCALHOST, LocalTargets, is_public};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A name was looked up and must not be connected to.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(pub(super) &'static str);

/// The machine's own resolver.
#[derive(Debug)]
pub(super) struct SystemDns;

impl Resolve for SystemDns {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// A resolver whose answers are given out only when every address in them is public.
#[derive(Debug)]
pub(super) struct Screened<R> {
    inner: R,
    local: LocalTargets,
}

impl<R> Screened<R> {
    pub(super) fn new(inner: R, local: LocalTargets) -> Self {
        Self { inner, local }
    }
}

impl<R: Resolve> Resolve for Screened<R> {
    fn resolve(&self, name: Name) -> Resolving {
        let local = self.local == LocalTargets::Allowed && name.as_str() == LOCALHOST;
        let answer = self.inner.resolve(name);
        Box::pin(async move {
            let found: Vec<SocketAddr> = answer.await?.collect();
            let fits = |ip: IpAddr| if local { ip.is_loopback() } else { is_public(ip) };
            // One private address among public ones is no accident: the name is refused, not the address skipped.
            if !found.iter().all(|address| fits(address.ip())) {
                return Err(
                    Refused("the host resolves to an address that is not on the open internet").into()
                );
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
