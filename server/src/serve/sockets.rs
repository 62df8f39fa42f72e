//! The sockets that are listened on, and what answers at each.

use crate::cli::Serve;
use crate::listener::address::ListenAddress;
use crate::listener::{Admission, Door, Socket, raise_file_limit};
use crate::router::{Scope, router};
use crate::state::AppState;
use anyhow::Result;
use std::sync::Arc;

/// The connections served at the same time at `--admin-listen`.
const ADMIN_CONNECTIONS: usize = 256;

/// The sockets, bound.
pub struct Sockets {
    public: Socket,
    admin: Option<Socket>,
    /// Whether the console is at the address for everybody, unless there is one for the operator.
    has_console: bool,
}

impl Sockets {
    /// Binds the sockets that the flags name.
    pub async fn bind(flags: &Serve) -> Result<Self> {
        let public = Socket::bind(&flags.listen).await?;
        let admin = match &flags.admin_listen {
            Some(address) => Some(Socket::bind(address).await?),
            None => None,
        };
        let has_console = flags.console || flags.listen.is_loopback();
        Ok(Self { public, admin, has_console })
    }

    /// Returns the address for everybody, with the real port.
    pub fn public_address(&self) -> Result<ListenAddress> {
        self.public.address()
    }

    /// Returns the address for the operator, if that is another one, with the real port.
    pub fn admin_address(&self) -> Result<Option<ListenAddress>> {
        self.admin.as_ref().map(Socket::address).transpose()
    }

    /// Returns the address that has the console, if any has.
    pub fn console_address(&self) -> Result<Option<ListenAddress>> {
        let public = || self.has_console.then(|| self.public_address()).transpose();
        self.admin_address()?.map_or_else(public, |admin| Ok(Some(admin)))
    }

    /// Puts the routes behind the sockets.
    pub fn doors(self, state: &Arc<AppState>) -> (Door, Option<Door>) {
        let door = |socket, connections, scope, is_for_operator| Door {
            socket,
            admission: Admission::new(Arc::clone(&state.middleware), connections, is_for_operator),
            router: router(state, scope),
        };
        let connections = raise_file_limit();
        match self.admin {
            None => {
                let scope = if self.has_console { Scope::All } else { Scope::WithoutConsole };
                (door(self.public, connections, scope, true), None)
            }
            Some(admin) => {
                let public = door(self.public, connections, Scope::Public, false);
                (public, Some(door(admin, ADMIN_CONNECTIONS, Scope::All, false)))
            }
        }
    }
}
