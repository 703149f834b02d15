//! How candle is told its number of threads.

/// Begins this program anew with the settings that training runs fastest with, in the same process, unless the user has
/// chosen them. Nothing else sets them: candle has no function for it, and a running program cannot change its environment
/// safely. Where a process cannot be begun anew, training is slower.
pub(super) fn settle() {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;

        // What candle reads before each product; without it, it asks the system for its processors each time, which takes
        // as long as a small product.
        const PRODUCTS: &str = "RAYON_NUM_THREADS";
        // The same for sums and the like, whose threads wait in a busy loop. One is enough: what is large is shared out by
        // the other.
        const SUMS: &str = "CANDLE_NUM_THREADS";

        if std::env::var_os(PRODUCTS).is_some() && std::env::var_os(SUMS).is_some() {
            return;
        }
        let mut given = std::env::args_os();
        let (Ok(program), Some(called)) = (std::env::current_exe(), given.next()) else { return };
        let threads = std::thread::available_parallelism().map_or(1, usize::from).to_string();
        let chosen = |name: &str, otherwise: &str| std::env::var_os(name).unwrap_or_else(|| otherwise.into());
        // It comes back only if that failed; then all goes on as it is.
        let _ = std::process::Command::new(program)
            .arg0(called)
            .args(given)
            .env(PRODUCTS, chosen(PRODUCTS, &threads))
            .env(SUMS, chosen(SUMS, "1"))
            .exec();
    }
}
