"""Mounted under /bank/."""

from django.urls import path

from financing.banking import views

urlpatterns = [path("messages/", views.bank_messages, name="bank_messages")]
