//! Random bytes from the kernel.

/// Fills an array.
///
/// Source: getrandom(2); it does not fail for requests up to 256 bytes once the pool is ready.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    const { assert!(N <= 256) };
    let mut bytes = [0; N];
    // SAFETY: the buffer is N bytes long.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), N, 0) };
    assert_eq!(got, N as isize, "getrandom(2) gave too little");
    bytes
}

/// A random number.
#[must_use]
pub fn number() -> u64 {
    u64::from_ne_bytes(bytes())
}
