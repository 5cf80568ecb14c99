"""A party's own accounts, what is paid from and to them, and every message about it."""

from django.urls import path

from portal.workspaces.payments import statements, views

app_name = "payments"
urlpatterns = [
    path("", views.payments, name="payments"),
    path("<int:instruction_id>/", views.payment, name="payment"),
    path("messages/<int:message_id>/", views.message, name="message"),
    path("messages/<int:message_id>/content/", views.content, name="content"),
    path("statements/", statements.statements, name="statements"),
    path("statements/<int:statement_id>/", statements.statement, name="statement"),
]
