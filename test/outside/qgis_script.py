"""Reads map data with QGIS, without a window.

Arguments: `features`, the address of the map data, a collection and, if it is not to be as QGIS sees fit,
how many features a page has; or `tiles` and the template of their addresses. With TOKEN in the environment
it goes into a header, as a plugin of QGIS does it. Prints one JSON document, with the addresses that were
asked for. One process reads one layer: QGIS keeps answers, and what is set for requests is global.
"""

import json
import os
import sys

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsDataSourceUri,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsMarkerSymbol,
    QgsNetworkAccessManager,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileBasicRenderer,
    QgsVectorTileBasicRendererStyle,
    QgsVectorTileLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QSize, Qt

# 20 km around Madison, Wisconsin, in metres of EPSG:3857.
MADISON = QgsRectangle(-9972000, 5304000, -9932000, 5344000)


def read_features(address, collection, page_size=None):
    source = QgsDataSourceUri()
    source.setParam("url", address)
    source.setParam("typename", collection)
    if page_size:
        source.setParam("pageSize", page_size)
    layer = QgsVectorLayer(source.uri(False), collection, "OAPIF")
    # Nothing may be asked of a layer that is not valid: QGIS 3.22 crashes.
    if not layer.isValid():
        return {"valid": False}
    ids = [feature["id"] for feature in layer.getFeatures()]
    fields = {field.name(): field.typeName() for field in layer.fields()}
    return {"valid": True, "ids": ids, "count": layer.featureCount(), "fields": fields}


def draw_tiles(template):
    source = QgsDataSourceUri()
    for name, value in {"type": "xyz", "url": template, "zmin": "0", "zmax": "14"}.items():
        source.setParam(name, value)
    layer = QgsVectorTileLayer(bytes(source.encodedUri()).decode(), "tiles")
    style = QgsVectorTileBasicRendererStyle("points", "", QgsWkbTypes.PointGeometry)
    style.setSymbol(
        QgsMarkerSymbol.createSimple({"name": "square", "color": "red", "outline_style": "no"})
    )
    renderer = QgsVectorTileBasicRenderer()
    renderer.setStyles([style])
    layer.setRenderer(renderer)

    settings = QgsMapSettings()
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    settings.setExtent(MADISON)
    settings.setOutputSize(QSize(512, 512))
    settings.setBackgroundColor(Qt.white)
    settings.setLayers([layer])
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    red = [
        image.pixelColor(x, y).name() == "#ff0000"
        for y in range(image.height())
        for x in range(image.width())
    ]
    return {"valid": layer.isValid(), "red": sum(red)}


application = QgsApplication([], False)
application.initQgis()
asked = []


def prepare(request):
    asked.append(request.url().toString())
    if "TOKEN" in os.environ:
        request.setRawHeader(b"Authorization", f"Bearer {os.environ['TOKEN']}".encode())


QgsNetworkAccessManager.setRequestPreprocessor(prepare)
answer = {"features": read_features, "tiles": draw_tiles}[sys.argv[1]](*sys.argv[2:])
print(json.dumps({**answer, "asked": asked}), flush=True)
# Its orderly end crashes with layers that are still there.
os._exit(0)
