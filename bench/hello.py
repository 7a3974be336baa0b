"""The measure of everything: what Flask and the server cost before a shop does anything."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    return "hello"
