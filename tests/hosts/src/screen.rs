//! A plain X11 window for a plugin to draw into, and pictures of it.

use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt, CreateWindowAux, ImageFormat, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// The window and the connection that it lives by.
pub(crate) struct Screen {
    connection: RustConnection,
    window: u32,
    size: (u16, u16),
}

impl Screen {
    /// A visible window on the display that `DISPLAY` names, so many pixels right of its left edge.
    ///
    /// # Errors
    /// There is no display.
    pub(crate) fn open(size: (u16, u16), left: i16) -> Result<Self> {
        let (connection, number) = x11rb::connect(None)
            .context("there is no X11 display; set DISPLAY, or run under xvfb-run (Debian: xvfb)")?;
        let screen = connection.setup().roots.get(number).context("the display has no screen")?;
        let (root, depth, black) = (screen.root, screen.root_depth, screen.black_pixel);
        let window = connection.generate_id()?;
        let look = CreateWindowAux::new().background_pixel(black);
        let class = WindowClass::INPUT_OUTPUT;
        connection.create_window(depth, window, root, left, 0, size.0, size.1, 0, class, 0, &look)?;
        connection.map_window(window)?;
        connection.change_window_attributes(root, &ChangeWindowAttributesAux::new().background_pixel(black))?;
        let this = Self { connection, window, size };
        this.move_pointer_away(root)?;
        Ok(this)
    }

    /// What the plugin is told to draw into.
    pub(crate) fn window(&self) -> u32 {
        self.window
    }

    pub(crate) fn resize(&mut self, size: (u16, u16)) -> Result<()> {
        let change = ConfigureWindowAux::new().width(u32::from(size.0)).height(u32::from(size.1));
        self.connection.configure_window(self.window, &change)?;
        self.connection.sync()?;
        self.size = size;
        Ok(())
    }

    /// Out of the window, so that nothing is hovered.
    fn move_pointer_away(&self, root: u32) -> Result<()> {
        self.connection.warp_pointer(x11rb::NONE, root, 0, 0, 0, 0, i16::MAX, i16::MAX)?;
        self.connection.sync()?;
        Ok(())
    }

    /// Writes what is seen in the window as a PNG file.
    ///
    /// # Errors
    /// The window is not seen, or the file cannot be written.
    pub(crate) fn picture(&self, path: &Path) -> Result<()> {
        let (width, height) = self.size;
        let reply = self.connection.get_image(ImageFormat::Z_PIXMAP, self.window, 0, 0, width, height, !0)?.reply()?;
        let pixels = usize::from(width) * usize::from(height);
        ensure!(reply.data.len() == pixels * 4, "the display has no 32 bits a pixel; start it with 24 bits of depth");
        // X11 gives blue first.
        let rgb: Vec<u8> = reply.data.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), u32::from(width), u32::from(height));
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::Best);
        encoder.set_adaptive_filter(png::AdaptiveFilterType::Adaptive);
        encoder.write_header()?.write_image_data(&rgb)?;
        Ok(())
    }
}
