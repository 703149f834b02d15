//! The command line. All of it lives in [`earmark::study::cli`].

fn main() -> std::process::ExitCode {
    earmark::study::cli::run()
}
