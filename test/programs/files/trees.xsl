<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="html" indent="yes"/>
  <xsl:param name="least" select="20"/>
  <xsl:template match="/trees">
    <ul>
      <xsl:for-each select="tree[@height &gt; $least]">
        <xsl:sort select="@height" data-type="number"/>
        <li><xsl:value-of select="concat(position(), ' ', ., ' ', @height)"/></li>
      </xsl:for-each>
    </ul>
  </xsl:template>
</xsl:stylesheet>
