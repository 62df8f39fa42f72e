from django.urls import path

import views

urlpatterns = [
    path("login", views.login),
    path("token", views.token),
    path("revoke", views.revoke),
    path("api/hello", views.hello),
    path("api/devices", views.devices),
    path("", views.page),
    path("<name>", views.page),
]
