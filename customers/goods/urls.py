"""URLs of goods."""

from django.urls import URLPattern, URLResolver, path

from customers.goods import api, views

app_name = "goods"
urlpatterns = [
    path("", views.goods_list, name="list"),
    path("<uuid:goods_id>/", views.goods_detail, name="detail"),
]
# Without log-in: phones and partners fetch pictures without our cookie.
public_urlpatterns: list[URLPattern | URLResolver] = [
    path("<slug:token>/", views.goods_picture, name="picture"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("goods/batch", api.GoodsBatchView.as_view(), name="goods_batch"),
    path("stock/batch", api.StockBatchView.as_view(), name="stock_batch"),
    path("goods/<str:sku>", api.GoodsView.as_view(), name="goods"),
]
