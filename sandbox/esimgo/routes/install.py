"""Install data of an order: /esims/assignments, and the older /esims/qr/{ref} and /esims/csv/{ref}."""

import csv
import io
import zipfile
from typing import Any

import qrcode
from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from qrcode.image.pure import PyPNGImage

from sandbox.esimgo import here
from sandbox.esimgo.errors import Refused
from sandbox.esimgo.routes.esims import activation_code, install_urls
from sandbox.esimgo.world import Assignment, Esim

routes = Blueprint("install", __name__)

CSV_HEADER = ("ICCID", "Matching ID", "RSP URL", "Bundle", "Reference")
FORMS = ("text/csv", "application/json", "application/zip")

Found = list[tuple[Esim, Assignment]]


@routes.get("/esims/assignments")
def assignments() -> ResponseReturnValue:
    """By orderReference or applyReference, also several: CSV unless the Accept header asks otherwise."""
    references = request.args.getlist("reference")
    if not references:
        raise Refused(400, "reference is required")
    found = [pair for reference in references for pair in _of_reference(reference)]
    form = request.accept_mimetypes.best_match(FORMS, default="text/csv")
    if form == "application/json":
        rows = [_row(esim) for esim, _ in found]
        return jsonify(rows[0] if len(rows) == 1 else rows)
    return _zip(found) if form == "application/zip" else _csv(found)


@routes.get("/esims/qr/<reference>")
def qr(reference: str) -> Response:
    return _zip(_of_reference(reference))


@routes.get("/esims/csv/<reference>")
def listed(reference: str) -> Response:
    return _csv(_of_reference(reference))


def _of_reference(reference: str) -> Found:
    """Refused(503) while the order is processed, Refused(410) when one of its eSIMs is dead."""
    order = here.world().orders.get(reference)
    if order and order["status"] == "processing":
        raise Refused(503, "Processing", retry_after_s=5)
    found = [
        (esim, assignment)
        for esim, assignment in here.world().assignments()
        if assignment["reference"].rpartition("-")[0] == reference
    ]
    if not found:
        raise Refused(400, "no assignments for this reference")
    if any(esim["state"] == "deactivated" for esim, _ in found):
        raise Refused(410, "eSIM has been deactivated")
    return found


def _row(esim: Esim) -> dict[str, Any]:
    """firstInstalledDateTime is text here, and milliseconds in the details of an eSIM."""
    keys = ("iccid", "matchingId", "smdpAddress", "profileStatus", "pin", "puk")
    row = {key: esim[key] for key in keys}
    if esim["firstInstalled"]:
        row["firstInstalledDateTime"] = esim["firstInstalled"]
    return row | install_urls(esim)


def _csv(found: Found) -> Response:
    return Response(_csv_text(found), content_type="text/csv")


def _csv_text(found: Found) -> str:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    for esim, assignment in found:
        install = (esim["iccid"], esim["matchingId"], esim["smdpAddress"])
        writer.writerow((*install, assignment["name"], assignment["reference"]))
    return text.getvalue()


def _zip(found: Found) -> Response:
    """A QR code per eSIM and the CSV; what the real files are called is not documented."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("assignments.csv", _csv_text(found))
        for esim in {esim["iccid"]: esim for esim, _ in found}.values():
            archive.writestr(f"{esim['iccid']}.png", _png(activation_code(esim)))
    return Response(packed.getvalue(), content_type="application/zip")


def _png(text: str) -> bytes:
    drawn = io.BytesIO()
    qrcode.make(text, image_factory=PyPNGImage).save(drawn)
    return drawn.getvalue()
