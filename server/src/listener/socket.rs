//! Sockets that are listened on, and the streams that they accept: over TCP, or over a unix socket.

use super::address::ListenAddress;
use anyhow::{Context as _, Result, bail};
use hallpass_admin::error::cannot;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, IoSlice};
use std::net::IpAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// The mode of a unix socket: its owner and group may connect.
const MODE: u32 = 0o660;

/// A socket that is listened on. The file of a unix socket is removed when this is dropped.
pub enum Socket {
    /// On an address and port.
    Tcp(TcpListener),
    /// At a path.
    Unix(UnixListener, SocketFile),
}

/// The file of a unix socket.
pub struct SocketFile(PathBuf);

/// A connection.
pub enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a unix socket.
    Unix(UnixStream),
}

impl Socket {
    /// Begins to listen.
    pub async fn bind(address: &ListenAddress) -> Result<Self> {
        let failed = || format!("cannot listen on {address}");
        match address {
            ListenAddress::Tcp(address) => {
                TcpListener::bind(address).await.map(Self::Tcp).with_context(failed)
            }
            ListenAddress::Unix(path) => bind_unix(path).await.with_context(failed),
        }
    }

    /// Returns the address, with the real port.
    pub fn address(&self) -> Result<ListenAddress> {
        match self {
            Self::Tcp(listener) => {
                listener.local_addr().map(ListenAddress::Tcp).context("a listener without an address")
            }
            Self::Unix(_, SocketFile(path)) => Ok(ListenAddress::Unix(path.clone())),
        }
    }

    /// Accepts a connection. Returns it with the address of its peer; `None` over a unix socket.
    pub async fn accept(&self) -> io::Result<(Stream, Option<IpAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Answers are small, and waiting to fill a packet would only delay them. Failing costs just that delay.
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), Some(peer.ip())))
            }
            Self::Unix(listener, _) => Ok((Stream::Unix(listener.accept().await?.0), None)),
        }
    }
}

/// Listens at a path, in the place of a socket that a killed server left behind.
async fn bind_unix(path: &Path) -> Result<Socket> {
    remove_orphan(path).await?;
    let listener = UnixListener::bind(path)?;
    let file = SocketFile(path.to_owned());
    fs::set_permissions(path, Permissions::from_mode(MODE))
        .with_context(cannot("open to the group", path))?;
    Ok(Socket::Unix(listener, file))
}

/// Removes a socket that nobody listens on. Anything else at the path stays.
async fn remove_orphan(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => bail!("there is something that is not a socket"),
        Ok(_) if UnixStream::connect(path).await.is_ok() => bail!("another server listens there"),
        Ok(_) => fs::remove_file(path).with_context(cannot("replace", path)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // If that fails, the next server replaces it.
        let _ = fs::remove_file(&self.0);
    }
}

/// Calls a method of the stream of either kind.
macro_rules! either {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream {
            Stream::Tcp($inner) => $call,
            Stream::Unix($inner) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        either!(self, stream => stream.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(path: &Path) -> impl Future<Output = Result<Socket>> {
        let address = ListenAddress::Unix(path.to_owned());
        async move { Socket::bind(&address).await }
    }

    #[tokio::test]
    async fn a_unix_socket_is_for_owner_and_group_and_goes_with_its_server() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("http.sock");
        let socket = bind(&path).await.expect("free");
        assert_eq!(fs::metadata(&path).expect("metadata").permissions().mode() & 0o777, MODE);
        assert!(bind(&path).await.is_err(), "taken");
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_a_killed_server_left_is_replaced_and_anything_else_is_not() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("http.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).expect("free"));
        assert!(path.exists());
        assert!(bind(&path).await.is_ok());
        let file = directory.path().join("data");
        fs::write(&file, "precious").expect("written");
        assert!(bind(&file).await.is_err());
        assert_eq!(fs::read(&file).expect("readable"), b"precious");
    }
}
