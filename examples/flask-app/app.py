from flask import Flask
from markupsafe import escape

import cardea
from cardea import current_user, signed_in

app = Flask(__name__)
cardea.use_in(app)


@app.get("/")
def home():
    user = current_user()
    if user:
        return f'Hello, {escape(user["name"])}. <a href="{cardea.ACCOUNTS}/logout">Sign out</a>'
    return f'Hello, stranger. <a href="{cardea.ACCOUNTS}/login">Sign in</a>'


@app.get("/orders")
@signed_in
def orders():
    user = current_user()
    return f'Orders of {escape(user["name"])}, whose id is {user["id"]}'
