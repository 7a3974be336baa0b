"""The Bot API methods that the stand-in knows, by lower-case name."""

from sandbox.telegram.methods import chat, payments, profile, webhook
from sandbox.telegram.telegram import Method

METHODS: dict[str, Method] = {
    name.lower(): method
    for name, method in {
        "getMe": profile.get_me,
        "setMyCommands": profile.set_my_commands,
        "getMyCommands": profile.get_my_commands,
        "setMyDescription": profile.set_my_description,
        "setMyShortDescription": profile.set_my_short_description,
        "setChatMenuButton": profile.set_chat_menu_button,
        "getChatMenuButton": profile.get_chat_menu_button,
        "setWebhook": webhook.set_webhook,
        "getWebhookInfo": webhook.get_webhook_info,
        "deleteWebhook": webhook.delete_webhook,
        "sendMessage": chat.send_message,
        "sendChatAction": chat.send_chat_action,
        "sendPhoto": chat.send_photo,
        "sendDocument": chat.send_document,
        "answerCallbackQuery": chat.answer_callback_query,
        "createInvoiceLink": payments.create_invoice_link,
        "answerPreCheckoutQuery": payments.answer_pre_checkout_query,
        "refundStarPayment": payments.refund_star_payment,
        "getStarTransactions": payments.get_star_transactions,
        "getMyStarBalance": payments.get_my_star_balance,
    }.items()
}
