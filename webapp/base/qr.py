"""QR codes, drawn here: an activation code is a bearer secret and goes to no other host."""

from base64 import b64encode
from io import BytesIO

import qrcode
from qrcode.image.pure import PyPNGImage


def png(text: str) -> bytes:
    """A PNG with the quiet zone of four modules that scanners want; 8 pixels a module. Takes some 10 ms."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, box_size=8, border=4)
    code.add_data(text)
    out = BytesIO()
    code.make_image(image_factory=PyPNGImage).save(out)
    return out.getvalue()


def data_uri(text: str) -> str:
    return f"data:image/png;base64,{b64encode(png(text)).decode()}"
